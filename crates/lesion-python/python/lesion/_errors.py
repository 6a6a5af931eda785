"""Exceptions."""


class UserError(Exception):
    """Something that the caller can correct. The message says what, where and what to do."""


class SettingError(UserError):
    """A keyword argument that is not a setting, or a value that is not one of its setting."""


class ModelError(UserError):
    """A model that cannot be found, downloaded or loaded."""


class TextError(UserError):
    """A sentence, stimulus or prompt that is invalid, or does not fit the model."""


class NoSuchResultError(UserError, LookupError):
    """A table, column, figure or neuron set that does not exist."""


class MissingPackageError(UserError, ImportError):
    """A package that is not installed, and that only this call needs."""


class Stopped(KeyboardInterrupt):
    """A study that Ctrl-C stopped. The same call resumes it."""


class InternalError(RuntimeError):
    """A bug of lesion. The message asks for a report."""


class Notice(UserWarning):
    """A note about a model or a study, such as that a run is resumed."""
