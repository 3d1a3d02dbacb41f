"""What can go wrong for a person at the pages: a status, a code that the pages have words for, and its numbers."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from heartwire.errors import PermanentError


class Code(StrEnum):
    """Why a request was refused."""

    NOT_SIGNED_IN = "not_signed_in"
    """There is no session, or it has ended."""
    BAD_CSRF = "bad_csrf"
    """A change without the session's token: not from our own pages."""
    BAD_ORIGIN = "bad_origin"
    """From a page of another site."""
    FORBIDDEN = "forbidden"
    """Who is signed in has a role that may not do this; `permission` names what it lacks."""
    WRONG_CREDENTIALS = "wrong_credentials"
    """No such user, another password, or disabled: the answer does not say which."""
    SECOND_FACTOR_NEEDED = "second_factor_needed"
    """The password is right; a code of the second factor is wanted, too."""
    ENROL_FIRST = "enrol_first"
    """The password is right, the role needs a second factor, and there is none yet: it is to be set up."""
    WRONG_SECOND_FACTOR = "wrong_second_factor"
    """The code is wrong, out of its time, or was used already."""
    FACTOR_LOCKED = "factor_locked"
    """So many codes were wrong in a row that none is heard any more; an administrator takes the second factor away."""
    FACTOR_UNREADABLE = "factor_unreadable"
    """This server cannot read the second factor's secret: its key is another; recovery codes hold."""
    NO_FACTOR_KEY = "no_factor_key"
    """This server has no key to keep second factors by."""
    FACTOR_REQUIRED = "factor_required"
    """The role needs a second factor: it cannot be turned off."""
    WRONG_PASSWORD = "wrong_password"  # noqa: S105 # a name
    """Who is signed in gave another password than his own."""
    TOO_MANY_ATTEMPTS = "too_many_attempts"
    """Too many failed attempts; `retry_s` says for how long."""
    TOO_MANY = "too_many"
    """There are as many as may be; `most` says how many that is."""
    NOT_FOUND = "not_found"
    """No such thing, or another tenant's."""
    INVALID = "invalid"
    """A parameter is missing or out of bounds; `field` names it."""
    TOO_LONG = "too_long"
    """More than one answer may hold; `limit_s` says how much that is."""
    NOT_YOURSELF = "not_yourself"
    """Nobody shuts himself out, or takes his own role."""
    TAKEN = "taken"
    """Something else has this name."""
    NOT_EMPTY = "not_empty"
    """There are patients in it."""
    NOT_NEEDED = "not_needed"
    """Who asks sees it already."""
    FOR_THE_TEAM = "for_the_team"
    """The alarm tells the patient's own team that who asks looks: the team answers it."""
    NOT_OPEN = "not_open"
    """The alarm ended or was suppressed: there is nothing to acknowledge any more."""
    NO_PATIENTS = "no_patients"
    """Nobody is the patient of who wants to hand over."""
    WITHDRAWN = "withdrawn"
    """The offer was taken back, or declined."""
    ACCEPTED = "accepted"
    """The offer was accepted: it cannot be taken back any more."""
    BAD_ADDRESS = "bad_address"
    """Nobody can be reached by this address; `reason` says why."""
    EXPIRED_LINK = "expired_link"
    """The time of the link in a message is over."""
    WRONG_CODE = "wrong_code"
    """No such pairing code."""
    USED_CODE = "used_code"
    """A device was paired by this code already: who typed it needs a new one."""
    EXPIRED_CODE = "expired_code"
    """The code's time is over, or a newer one was made for the patient."""
    CHANGED = "changed"
    """The patient has said more meanwhile: it is to be read anew."""
    DEVICE_REVOKED = "device_revoked"
    """The device that asks was shut out for good: it is to be paired anew."""
    REVOKED = "revoked"
    """The device was shut out for good; pair it anew."""
    NO_BROKER = "no_broker"
    """The message broker cannot be told now whom to let in; nothing has changed."""
    BUSY = "busy"
    """So many are under way already that more must wait; `most` says how many that is."""
    PASSWORD_OFF = "password_off"  # noqa: S105 # a name
    """Nobody signs in here with a password."""
    SIGN_IN_EXPIRED = "sign_in_expired"
    """What came back from a provider belongs to no sign-in that this browser began: too late, twice, or another's."""
    PROVIDER_UNREACHABLE = "provider_unreachable"
    """The provider does not answer, or not as one; `provider` is what people call it, here and below."""
    PROVIDER_DENIED = "provider_denied"
    """Who was to sign in at the provider did not want to, or may not."""
    PROVIDER_REFUSED = "provider_refused"
    """The provider and this server do not know each other as they should; `reason` is its word."""
    PROVIDER_DISTRUSTED = "provider_distrusted"
    """The provider's answer is not believed; `reason` says why (`dashboard.openid.tokens.Reason`)."""
    UNUSABLE_CLAIM = "unusable_claim"
    """The provider says nothing usable as `claim`."""
    NO_ROLE = "no_role"
    """By what the provider says, somebody has no role here."""
    NOT_KNOWN = "not_known"
    """Nobody here is who signed in at the provider."""
    LOGIN_TAKEN = "login_taken"
    """Another user has the name, `login`, by which somebody would become one."""
    ACCOUNT_DISABLED = "account_disabled"
    """Who signed in at the provider is kept out here."""
    UNAVAILABLE = "unavailable"
    """The database cannot be reached now."""


STATUS: Final[Mapping[Code, int]] = {
    Code.NOT_SIGNED_IN: 401,
    Code.BAD_CSRF: 403,
    Code.BAD_ORIGIN: 403,
    Code.FORBIDDEN: 403,
    Code.WRONG_CREDENTIALS: 401,
    Code.SECOND_FACTOR_NEEDED: 401,
    Code.ENROL_FIRST: 401,
    Code.WRONG_SECOND_FACTOR: 403,
    Code.FACTOR_LOCKED: 403,
    Code.FACTOR_UNREADABLE: 409,
    Code.NO_FACTOR_KEY: 409,
    Code.FACTOR_REQUIRED: 409,
    Code.WRONG_PASSWORD: 403,
    Code.TOO_MANY_ATTEMPTS: 429,
    Code.TOO_MANY: 429,
    Code.NOT_FOUND: 404,
    Code.INVALID: 422,
    Code.TOO_LONG: 422,
    Code.NOT_YOURSELF: 409,
    Code.TAKEN: 409,
    Code.NOT_EMPTY: 409,
    Code.NOT_NEEDED: 409,
    Code.FOR_THE_TEAM: 403,
    Code.NOT_OPEN: 409,
    Code.NO_PATIENTS: 409,
    Code.WITHDRAWN: 409,
    Code.ACCEPTED: 409,
    Code.BAD_ADDRESS: 422,
    Code.EXPIRED_LINK: 410,
    Code.WRONG_CODE: 403,
    Code.USED_CODE: 403,
    Code.EXPIRED_CODE: 403,
    Code.CHANGED: 409,
    Code.DEVICE_REVOKED: 401,
    Code.REVOKED: 409,
    Code.NO_BROKER: 503,
    Code.BUSY: 429,
    Code.PASSWORD_OFF: 403,
    Code.SIGN_IN_EXPIRED: 410,
    Code.PROVIDER_UNREACHABLE: 503,
    Code.PROVIDER_DENIED: 403,
    Code.PROVIDER_REFUSED: 403,
    Code.PROVIDER_DISTRUSTED: 403,
    Code.UNUSABLE_CLAIM: 403,
    Code.NO_ROLE: 403,
    Code.NOT_KNOWN: 403,
    Code.LOGIN_TAKEN: 409,
    Code.ACCOUNT_DISABLED: 403,
    Code.UNAVAILABLE: 503,
}


class ApiError(Exception):
    """A refused request."""

    def __init__(self, code: Code, **params: float | str) -> None:
        super().__init__(code.value)
        self.code: Final = code
        self.params: Final = params

    @property
    def status(self) -> int:
        """The HTTP status."""
        return STATUS[self.code]


class UserError(PermanentError):
    """A user cannot be added or changed as asked."""


class ServeError(PermanentError):
    """The pages cannot be served as asked."""
