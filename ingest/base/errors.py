"""The few errors that cross a room's wall.

Each says in one plain sentence what happened and what to do; `permanent` tells a worker
whether trying again can help.
"""


class EarshotError(Exception):
    """An error whose message is fit for a user. `code` names it in the API's problem type."""

    code = "error"
    permanent = True
    status = 500


class Refused(EarshotError):
    """What was brought cannot be taken: the bringer has to change it."""

    code = "refused"
    status = 422


class NotAudio(Refused):
    """Nothing that can be heard: text, a picture, a playlist, a video without sound."""

    code = "not-audio"
    status = 415


class Empty(Refused):
    """A file of no bytes, or of no sound."""

    code = "empty-file"


class TooLarge(Refused):
    """More bytes or more hours than the limits in the settings allow."""

    code = "too-large"
    status = 413


class Incomplete(Refused):
    """An upload that ended before its announced length."""

    code = "upload-incomplete"
    status = 400


class BadMetadata(Refused):
    """A field beside the file that cannot be understood."""

    code = "bad-metadata"


class NotFound(EarshotError):
    """No such thing, or none that the asker may see."""

    code = "not-found"
    status = 404


class LeaseLost(EarshotError):
    """Another worker holds the call now: what this one did is dropped, nothing is lost."""

    code = "lease-lost"
    permanent = False
    status = 409


class Unavailable(EarshotError):
    """A server, a disk or a model that is not there just now: trying again may help."""

    code = "unavailable"
    permanent = False
    status = 503


class DiskFull(Unavailable):
    """No room is left on a disk: whoever runs Earshot has to make some."""


class BadSetup(EarshotError):
    """The installation or its settings are wrong: a person has to act."""

    code = "bad-setup"
