"""No conference is entered by our join page: what claims and syncs get that are not about it."""

from conference.meeting import JoinLinks

NO_LINKS = JoinLinks("", None, lambda solution: False, lambda: "")
