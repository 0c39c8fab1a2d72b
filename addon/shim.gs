/**
 * The add-on in Apps Script: passes Calendar's calls on to the function, turns its answers into ConferenceData, and
 * relays calendar changes with a fresh token of the user. Functions whose name ends in "_" are private to the script.
 */

/** Calendar gives an add-on 30 s ("Quotas for Google services"); triggers are made only while enough of it is left. */
const SETUP_WITHIN_MS = 20 * 1000;
const LOCK_WAIT_MS = 2 * 1000;

/** "Quotas for Google services": 20 triggers per user and script, 6 minutes per execution. */
const TRIGGERS_MAX = 20;
const RELAY_WITHIN_MS = 4 * 60 * 1000;
const RELAY_ROUNDS = 12;

/** Properties outlive triggers (an uninstall, a clean-up by the user), so what they say is checked again weekly. */
const CHECK_AGAIN_MS = 7 * 24 * 60 * 60 * 1000;
const CALENDAR_KEY = 'calendar.';

const DAY_MS = 24 * 60 * 60 * 1000;
const CALENDAR_GONE = [404, 410];

/** Field of an entry point in the function's answer: setter of ConferenceDataService's EntryPoint (it has no label). */
const ENTRY_POINT_SETTERS = {
  uri: 'setUri',
  meetingCode: 'setMeetingCode',
  accessCode: 'setAccessCode',
  passcode: 'setPasscode',
  password: 'setPassword',
  pin: 'setPin',
  regionCode: 'setRegionCode',
};

/** A failure whose message is ours, and therefore fit for the log. */
class Failure_ extends Error {}

/** Answers Calendar's onCreate call for one solution; whatever fails on the way to an answer is TEMPORARY. */
function createConference_(solution, arg) {
  const started = Date.now();
  let calendarId;
  let answer;
  let conference;
  try {
    calendarId = arg.eventData.calendarId;
    answer = conferenceAnswer_(solution, calendarId, arg.eventData.eventId);
    conference = answer.error ? conferenceError_(answer.error) : conferenceData_(answer);
  } catch (error) {
    console.error('Anyroom: no conference of %s: %s', solution, reason_(error));
    return conferenceError_({conferenceErrorType: 'TEMPORARY'});
  }
  if (!answer.error) {
    followCalendar_(calendarId, started);
  }
  return conference;
}

/** Names the settings page for this user; the one that asks for a sign-in when the function cannot be reached. */
function getSettingsUrl() {
  try {
    const url = json_(post_('/settings-url', {})).settingsUrl;
    if (typeof url !== 'string' || !url) {
      throw new Failure_('the answer holds no settingsUrl');
    }
    return url;
  } catch (error) {
    console.error('Anyroom: no settings URL: %s', reason_(error));
    return ANYROOM.url + '/settings';
  }
}

/** Runs when something changed in a followed calendar. */
function onCalendarChange(event) {
  relay_([event.calendarId]);
}

/** Runs once a day for every calendar in use: the net under missed changes and under calendars without a trigger. */
function daily() {
  let calendars;
  try {
    calendars = calendarsInUse_();
  } catch (error) {
    console.error('Anyroom: no calendar was synced today: %s', reason_(error));
    return;
  }
  // Another one goes first each day, so that a day too short for all of them never leaves out the same ones.
  const first = calendars.length ? Math.floor(Date.now() / DAY_MS) % calendars.length : 0;
  relay_(calendars.slice(first).concat(calendars.slice(0, first)));
}

function conferenceAnswer_(solution, calendarId, eventId) {
  const response = post_('/conferences?solution=' + solution, {
    calendarId: calendarId,
    eventId: eventId,
    oauthToken: ScriptApp.getOAuthToken(),
  });
  const answer = json_(response).conferenceData;
  if (!answer || typeof answer !== 'object') {
    throw new Failure_('the answer holds no conferenceData');
  }
  if (answer.error) {
    console.warn('Anyroom: the function refused a conference of %s%s', solution, request_(response));
  }
  return answer;
}

function conferenceData_(answer) {
  const builder = ConferenceDataService.newConferenceDataBuilder();
  set_(builder, 'setConferenceId', answer.conferenceId);
  set_(builder, 'setConferenceSolutionId', answer.conferenceSolutionId);
  for (const entryPoint of answer.entryPoints || []) {
    set_(builder, 'addEntryPoint', entryPoint_(entryPoint));
  }
  for (const given of answer.conferenceParameters || []) {
    const parameter = ConferenceDataService.newConferenceParameter();
    set_(parameter, 'setKey', given.key);
    set_(parameter, 'setValue', given.value);
    set_(builder, 'addConferenceParameter', parameter);
  }
  if (isGiven_(answer.notes)) {
    set_(builder, 'setNotes', answer.notes);
  }
  return set_(builder, 'build');
}

function entryPoint_(given) {
  const entryPoint = ConferenceDataService.newEntryPoint();
  set_(entryPoint, 'setEntryPointType', member_(ConferenceDataService.EntryPointType, given.entryPointType));
  for (const field of Object.keys(ENTRY_POINT_SETTERS)) {
    if (isGiven_(given[field])) {
      set_(entryPoint, ENTRY_POINT_SETTERS[field], given[field]);
    }
  }
  for (const feature of given.features || []) {
    set_(entryPoint, 'addFeature', member_(ConferenceDataService.EntryPointFeature, feature));
  }
  return entryPoint;
}

function conferenceError_(given) {
  const error = ConferenceDataService.newConferenceError();
  set_(error, 'setConferenceErrorType', member_(ConferenceDataService.ConferenceErrorType, given.conferenceErrorType));
  if (isGiven_(given.authenticationUrl)) {
    set_(error, 'setAuthenticationUrl', given.authenticationUrl);
  }
  const builder = ConferenceDataService.newConferenceDataBuilder();
  set_(builder, 'setError', error);
  return set_(builder, 'build');
}

/** Calls a method of Google's builders, whose exceptions may quote a join link and are therefore not passed on. */
function set_(target, method, ...values) {
  try {
    return target[method](...values);
  } catch (error) {
    throw new Failure_(method + ' refused what the function answered');
  }
}

function member_(members, name) {
  const member = members[name];
  if (member === undefined) {
    throw new Failure_('the answer names a type that Calendar does not know');
  }
  return member;
}

function isGiven_(value) {
  return value !== undefined && value !== null && value !== '';
}

/** Sets up the triggers of a calendar, once; a failure here is logged and costs the conference nothing. */
function followCalendar_(calendarId, started) {
  try {
    const properties = PropertiesService.getUserProperties();
    const key = calendarKey_(calendarId);
    if (isFollowed_(properties, key) || Date.now() - started > SETUP_WITHIN_MS) {
      return;
    }
    const lock = LockService.getUserLock();
    if (!lock.tryLock(LOCK_WAIT_MS)) {
      return;
    }
    try {
      if (!isFollowed_(properties, key)) {
        // Remembered first: the daily trigger serves this calendar even when its own trigger cannot be made.
        properties.setProperty(key, JSON.stringify({calendarId: calendarId, checked: 0}));
        makeTriggers_(calendarId);
        properties.setProperty(key, JSON.stringify({calendarId: calendarId, checked: Date.now()}));
      }
    } finally {
      lock.releaseLock();
    }
  } catch (error) {
    console.error('Anyroom: changes of this calendar are not followed yet: %s', reason_(error));
  }
}

function calendarsInUse_() {
  const stored = PropertiesService.getUserProperties().getProperties();
  const keys = Object.keys(stored).filter((key) => key.startsWith(CALENDAR_KEY));
  return keys.sort().map((key) => JSON.parse(stored[key]).calendarId);
}

function calendarKey_(calendarId) {
  const digest = Utilities.computeDigest(
      Utilities.DigestAlgorithm.SHA_256, calendarId, Utilities.Charset.UTF_8);
  return CALENDAR_KEY + Utilities.base64EncodeWebSafe(digest);
}

function isFollowed_(properties, key) {
  const stored = properties.getProperty(key);
  return Boolean(stored) && Date.now() - JSON.parse(stored).checked < CHECK_AGAIN_MS;
}

/** Makes what is missing of the user's daily trigger and the calendar's change trigger, the daily one first. */
function makeTriggers_(calendarId) {
  const present = ScriptApp.getProjectTriggers();
  let left = TRIGGERS_MAX - present.length;
  const hasDaily = present.some((trigger) => trigger.getHandlerFunction() === 'daily');
  if (!hasDaily && left > 0) {
    // At any hour, so that not all users come at once.
    ScriptApp.newTrigger('daily').timeBased().everyDays(1).atHour(Math.floor(Math.random() * 24)).create();
    left -= 1;
  }
  const hasChange = present.some((trigger) =>
    trigger.getHandlerFunction() === 'onCalendarChange' && trigger.getTriggerSourceId() === calendarId);
  if (!hasChange && left > 0) {
    ScriptApp.newTrigger('onCalendarChange').forUserCalendar(calendarId).onEventUpdated().create();
  } else if (!hasChange) {
    console.warn('Anyroom: all %s triggers of this user are taken; the daily one serves this calendar', TRIGGERS_MAX);
  }
}

/** Asks the function to sync each calendar, again while it has more to do, well within one execution's time. */
function relay_(calendars) {
  const started = Date.now();
  let waiting = calendars;
  for (let round = 0; round < RELAY_ROUNDS && waiting.length; round += 1) {
    const unfinished = [];
    for (const calendarId of waiting) {
      if (Date.now() - started > RELAY_WITHIN_MS) {
        console.warn('Anyroom: out of time; the next trigger goes on with the rest');
        return;
      }
      if (relayOnce_(calendarId)) {
        unfinished.push(calendarId);
      }
    }
    waiting = unfinished;
  }
  if (waiting.length) {
    console.warn('Anyroom: calendars left unfinished: %s; the next trigger goes on', waiting.length);
  }
}

/** Says whether the function wants to be asked again. Throws nothing: Google mails users about triggers that fail. */
function relayOnce_(calendarId) {
  try {
    const response = post_('/calendar-changes', {calendarId: calendarId, oauthToken: ScriptApp.getOAuthToken()});
    const status = response.getResponseCode();
    if (status === 204 || CALENDAR_GONE.includes(status)) {
      return false;
    }
    return json_(response).more === true;
  } catch (error) {
    console.error('Anyroom: a calendar was not synced: %s', reason_(error));
    return false;
  }
}

/** Posts JSON to the function as this user. One try: Calendar waits, and a trigger fires again. */
function post_(path, body) {
  const identity = ScriptApp.getIdentityToken();
  if (!identity) {
    throw new Failure_('no identity token: the user has not granted the scope openid');
  }
  return UrlFetchApp.fetch(ANYROOM.url + path, {
    method: 'post',
    contentType: 'application/json',
    headers: {Authorization: 'Bearer ' + identity},
    payload: JSON.stringify(body),
    muteHttpExceptions: true,
    followRedirects: false,
  });
}

/** The id under which the function's log has this request: what joins the two logs. */
function request_(response) {
  const headers = response.getHeaders();
  const name = Object.keys(headers).find((key) => key.toLowerCase() === 'x-request-id');
  return /^[0-9a-f]{16}$/.test(headers[name]) ? ', request ' + headers[name] : '';
}

function json_(response) {
  const status = response.getResponseCode();
  if (status !== 200) {
    throw new Failure_('the function answered ' + status + request_(response));
  }
  let answer;
  try {
    answer = JSON.parse(response.getContentText());
  } catch (error) {
    throw new Failure_('the function did not answer with JSON');
  }
  if (!answer || typeof answer !== 'object') {
    throw new Failure_('the function did not answer with a JSON object');
  }
  return answer;
}

/** Why something failed, for the log. Google's messages name what they are about after a colon: that part stays out. */
function reason_(error) {
  if (error instanceof Failure_) {
    return error.message;
  }
  const words = String(error && error.message).split(':')[0].split(/\s+/);
  return words.map((word) => word.includes('@') || word.length > 24 ? '...' : word).join(' ').slice(0, 120);
}
