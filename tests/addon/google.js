'use strict';
/**
 * Stand-ins for the services of Apps Script that the add-on uses, as strict as Google's reference pages say: a scope
 * that the manifest lacks, a URL off its whitelist, an unknown option or a value over its limit throws.
 */

const crypto = require('node:crypto');
const {spawnSync} = require('node:child_process');
const path = require('node:path');

const AUTH = 'https://www.googleapis.com/auth/';

/** What Google's builders accept ("Conference Data Service" of the Apps Script reference). */
const LIMITS = {
  conferenceId: 512, solutionId: 512, uri: 1300, code: 128, notes: 2048, key: 50, value: 1024, authenticationUrl: 1800,
  entryPoints: 300, parameters: 300, triggers: 20, propertyBytes: 9 * 1024,
};
const SCHEMES = {VIDEO: ['http:', 'https:'], MORE: ['http:', 'https:'], PHONE: ['tel:'], SIP: ['sip:', 'sips:']};
const AT_MOST_ONE = ['VIDEO', 'SIP', 'MORE'];

class GoogleError extends Error {
  constructor(message) {
    super(message);
    this.name = 'Exception';
  }
}

function refuse(condition, message) {
  if (condition) {
    throw new GoogleError(message);
  }
}

function enumeration(names) {
  return Object.freeze(Object.fromEntries(names.map((name) => [name, Object.freeze({toString: () => name})])));
}

function text(value, limit, what) {
  refuse(typeof value !== 'string', `The parameters don't match the method signature for ${what}: ${value}`);
  refuse(value === '' || value.length > limit, `Invalid argument: ${what} ${value}`);
  return value;
}

function member(value, members, what) {
  refuse(!Object.values(members).includes(value), `The parameters don't match the method signature for ${what}`);
  return String(value);
}

/** `refuses` names one method of a builder that throws whatever it is given. */
function conferenceDataService(refuses) {
  const EntryPointType = enumeration(['VIDEO', 'PHONE', 'MORE', 'SIP']);
  const EntryPointFeature = enumeration(['UNKNOWN_FEATURE', 'TOLL', 'TOLL_FREE']);
  const ConferenceErrorType = enumeration(
      ['AUTHENTICATION', 'CONFERENCE_SOLUTION_FORBIDDEN', 'PERMANENT', 'PERMISSION_DENIED', 'TEMPORARY', 'UNKNOWN']);

  class Builder {
    constructor() {
      this.made = {};
    }

    set(field, value) {
      this.made[field] = value;
      return this;
    }
  }

  class EntryPoint extends Builder {
    setEntryPointType(type) { return this.set('entryPointType', member(type, EntryPointType, 'setEntryPointType')); }
    setUri(uri) { return this.set('uri', text(uri, LIMITS.uri, 'uri')); }
    setMeetingCode(code) { return this.set('meetingCode', text(code, LIMITS.code, 'meetingCode')); }
    setAccessCode(code) { return this.set('accessCode', text(code, LIMITS.code, 'accessCode')); }
    setPasscode(code) { return this.set('passcode', text(code, LIMITS.code, 'passcode')); }
    setPassword(code) { return this.set('password', text(code, LIMITS.code, 'password')); }
    setPin(code) { return this.set('pin', text(code, LIMITS.code, 'pin')); }
    setRegionCode(code) { return this.set('regionCode', text(code, 3, 'regionCode')); }

    addFeature(feature) {
      const name = member(feature, EntryPointFeature, 'addFeature');
      refuse(this.made.entryPointType !== 'PHONE', `Feature ${name} is not applicable to this entry point`);
      const features = [...(this.made.features || []), name];
      refuse(features.includes('TOLL') && features.includes('TOLL_FREE'), 'TOLL and TOLL_FREE exclude each other');
      return this.set('features', features);
    }
  }

  class ConferenceParameter extends Builder {
    setKey(key) { return this.set('key', text(key, LIMITS.key, 'key')); }
    setValue(value) { return this.set('value', text(value, LIMITS.value, 'value')); }
  }

  class ConferenceError extends Builder {
    setConferenceErrorType(type) {
      return this.set('conferenceErrorType', member(type, ConferenceErrorType, 'setConferenceErrorType'));
    }

    setAuthenticationUrl(url) {
      text(url, LIMITS.authenticationUrl, 'authenticationUrl');
      refuse(!URL.canParse(url) || !SCHEMES.VIDEO.includes(new URL(url).protocol), `Invalid URL: ${url}`);
      return this.set('authenticationUrl', url);
    }
  }

  class ConferenceDataBuilder extends Builder {
    setConferenceId(id) { return this.set('conferenceId', text(id, LIMITS.conferenceId, 'conferenceId')); }
    setConferenceSolutionId(id) { return this.set('conferenceSolutionId', text(id, LIMITS.solutionId, 'solutionId')); }
    setNotes(notes) { return this.set('notes', text(notes, LIMITS.notes, 'notes')); }

    setError(error) {
      refuse(!(error instanceof ConferenceError), "The parameters don't match the method signature for setError");
      return this.set('error', error.made);
    }

    addEntryPoint(entryPoint) {
      refuse(!(entryPoint instanceof EntryPoint), "The parameters don't match the method signature for addEntryPoint");
      return this.set('entryPoints', [...(this.made.entryPoints || []), entryPoint.made]);
    }

    addConferenceParameter(parameter) {
      refuse(!(parameter instanceof ConferenceParameter), "The parameters don't match the method signature");
      return this.set('conferenceParameters', [...(this.made.conferenceParameters || []), parameter.made]);
    }

    build() {
      if (this.made.error) {
        refuse(!this.made.error.conferenceErrorType, 'Conference error type is required');
      } else {
        checkConference(this.made);
      }
      return Object.freeze({conferenceData: this.made});
    }
  }

  const builders = [EntryPoint, ConferenceParameter, ConferenceError, ConferenceDataBuilder];
  for (const {prototype} of builders.filter((builder) => Object.hasOwn(builder.prototype, refuses))) {
    prototype[refuses] = (value) => {
      throw new GoogleError(`Invalid argument: ${JSON.stringify(value)}`);
    };
  }

  return Object.freeze({
    EntryPointType, EntryPointFeature, ConferenceErrorType,
    newConferenceDataBuilder: () => new ConferenceDataBuilder(),
    newEntryPoint: () => new EntryPoint(),
    newConferenceParameter: () => new ConferenceParameter(),
    newConferenceError: () => new ConferenceError(),
  });
}

function checkConference(made) {
  const entryPoints = made.entryPoints || [];
  const parameters = made.conferenceParameters || [];
  refuse(!made.conferenceId, 'Conference ID is required');
  refuse(entryPoints.length < 1 || entryPoints.length > LIMITS.entryPoints, 'Invalid number of entry points');
  refuse(parameters.length > LIMITS.parameters, 'Invalid number of parameters');
  refuse(parameters.some((one) => !one.key || !one.value), 'Parameters need a key and a value');
  for (const entryPoint of entryPoints) {
    const {entryPointType: type, uri} = entryPoint;
    refuse(!type || !uri, 'Entry points need a type and a URI');
    refuse(!SCHEMES[type].some((scheme) => uri.startsWith(scheme)), `Invalid URI: ${uri}`);
    refuse(entryPoint.regionCode && type !== 'PHONE', 'Region code is not applicable to this entry point');
  }
  const types = entryPoints.map((entryPoint) => entryPoint.entryPointType);
  for (const type of AT_MOST_ONE) {
    refuse(types.filter((each) => each === type).length > 1, `More than one entry point of type ${type}`);
  }
  refuse(types.every((type) => type === 'MORE'), 'MORE cannot be the only entry point');
}

/**
 * One user's Apps Script project. `scenario`: {manifest, http, properties, triggers, now, busyLock, meanwhile, fails,
 * refuses}. `http` is a list of answers {status, body, headers, seconds, throws} taken in order, the last one for ever,
 * or {origin, server}: requests to `origin` are really made, to `server`.
 */
function project(scenario) {
  const scopes = scenario.manifest.oauthScopes;
  const seen = {requests: [], logs: [], triggersMade: [], outsideLock: 0, locks: 0, lockings: 0, listings: 0, millis: scenario.now};
  const properties = {...(scenario.properties || {})};
  const triggers = [...(scenario.triggers || [])];
  let meanwhile = scenario.meanwhile;

  function needs(scope, what) {
    refuse(!scopes.includes(AUTH + scope), `Specified permissions are not sufficient to call ${what}.`);
    failing(what);
  }

  function failing(what) {
    const message = (scenario.fails || {})[what];
    refuse(message, message);
  }

  function created(trigger) {
    refuse(triggers.length >= LIMITS.triggers, 'This script has too many triggers. Triggers must be deleted first.');
    seen.outsideLock += seen.locks ? 0 : 1;
    seen.millis += 1000;
    triggers.push(trigger);
    seen.triggersMade.push(trigger);
  }

  const ScriptApp = {
    getOAuthToken: () => 'ya29.oauth-token-of-the-user',
    getIdentityToken() {
      if (!scopes.includes('openid')) {
        return null;
      }
      const claims = {sub: '1', ...(scopes.includes(`${AUTH}userinfo.email`) ? {email: 'ann@example.org'} : {})};
      return `eyJ.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.signature`;
    },
    getProjectTriggers() {
      needs('script.scriptapp', 'ScriptApp.getProjectTriggers');
      seen.listings += 1;
      return triggers.map((trigger) => Object.freeze({
        getHandlerFunction: () => trigger.handler,
        getTriggerSourceId: () => trigger.calendar || null,
      }));
    },
    newTrigger(handler) {
      needs('script.scriptapp', 'ScriptApp.newTrigger');
      refuse(typeof globals[handler] !== 'function' || handler.endsWith('_'), `No such function: ${handler}`);
      return {
        forUserCalendar(calendar) {
          needs('calendar.readonly', 'TriggerBuilder.forUserCalendar');
          return {onEventUpdated: () => ({create: () => created({handler, calendar})})};
        },
        timeBased: () => ({
          everyDays: (days) => ({
            atHour(hour) {
              refuse(!Number.isInteger(hour) || hour < 0 || hour > 23, `Invalid argument: ${hour}`);
              return {create: () => created({handler, days})};
            },
          }),
        }),
      };
    },
  };

  const UrlFetchApp = {
    fetch(url, options) {
      needs('script.external_request', 'UrlFetchApp.fetch');
      refuse(!scenario.manifest.urlFetchWhitelist.some((prefix) => url.startsWith(prefix)), `Not whitelisted: ${url}`);
      const {method, contentType, headers, payload, muteHttpExceptions, followRedirects, ...unknown} = options;
      refuse(Object.keys(unknown).length, `Attribute provided with no value: ${Object.keys(unknown)}`);
      refuse(method !== 'post' || typeof payload !== 'string', 'Attribute provided with invalid value');
      refuse(JSON.stringify(headers).length > 8 * 1024, 'Headers too long');
      seen.requests.push({url, contentType, headers, body: JSON.parse(payload), followRedirects});
      const answer = scenario.http.server ? exchanged(url, options) : scripted();
      refuse(answer.throws, answer.throws);
      refuse(answer.status >= 400 && !muteHttpExceptions, `Request failed for ${url} returned code ${answer.status}`);
      return {
        getResponseCode: () => answer.status,
        getContentText: () => answer.body,
        getHeaders: () => answer.headers || {},
      };
    },
  };

  function scripted() {
    const answer = scenario.http[Math.min(seen.requests.length, scenario.http.length) - 1];
    seen.millis += (answer.seconds || 0.1) * 1000;
    const body = typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body ?? '');
    return {status: 200, ...answer, body};
  }

  function exchanged(url, options) {
    const target = url.replace(scenario.http.origin, scenario.http.server);
    const input = JSON.stringify({url: target, ...options});
    const run = spawnSync(process.execPath, [path.join(__dirname, 'exchange.js')], {input, encoding: 'utf8'});
    return run.status === 0 ? JSON.parse(run.stdout) : {throws: `Address unavailable: ${url}`};
  }

  const PropertiesService = {
    getUserProperties: () => ({
      getProperty: (key) => properties[key] ?? null,
      getProperties() {
        failing('Properties.getProperties');
        return {...properties};
      },
      setProperty(key, value) {
        failing('Properties.setProperty');
        refuse(typeof value !== 'string' || value.length > LIMITS.propertyBytes, 'Argument too large: value');
        properties[key] = value;
      },
    }),
  };

  const LockService = {
    getUserLock: () => ({
      tryLock(millis) {
        refuse(!Number.isInteger(millis), 'Invalid argument: timeoutInMillis');
        if (meanwhile) {
          const other = meanwhile;
          meanwhile = null;
          globals[other.function](...other.args);
        }
        seen.lockings += 1;
        seen.locks += scenario.busyLock ? 0 : 1;
        return !scenario.busyLock;
      },
      releaseLock() {
        seen.locks -= 1;
      },
    }),
  };

  const Utilities = {
    DigestAlgorithm: enumeration(['SHA_256']),
    Charset: enumeration(['UTF_8']),
    computeDigest(algorithm, value, charset) {
      member(algorithm, Utilities.DigestAlgorithm, 'computeDigest');
      member(charset, Utilities.Charset, 'computeDigest');
      return [...new Int8Array(crypto.createHash('sha256').update(value, 'utf8').digest())];
    },
    base64EncodeWebSafe: (bytes) => Buffer.from(Int8Array.from(bytes)).toString('base64url'),
  };

  const log = (level) => (format, ...values) =>
    seen.logs.push({level, message: values.reduce((line, value) => line.replace('%s', value), String(format))});

  const globals = {
    ScriptApp, UrlFetchApp, PropertiesService, LockService, Utilities,
    ConferenceDataService: conferenceDataService(scenario.refuses),
    console: {error: log('error'), warn: log('warn')},
    Date: {now: () => seen.millis},
  };
  return {globals, seen, state: () => ({...seen, properties, triggers})};
}

module.exports = {project};
