"""The exceptions of axon. A bad argument is a ValueError or a TypeError instead."""


class AxonError(Exception):
    """The base of all; raised itself for an unexpected error of the system."""


class ChannelClosedError(AxonError):
    """The channel was closed, or is inherited from a parent process."""


class RoleTakenError(AxonError):
    """Somebody holds the role, or the channel that is to be discarded."""


class ChannelNotFoundError(AxonError, TimeoutError):
    """No server had created the channel within the time-out."""


class SendTimeoutError(AxonError, TimeoutError):
    """There was no room within the time-out: the peer receives too slowly, or not at all."""


class RequestTimeoutError(AxonError, TimeoutError):
    """No reply came within the time-out."""


class PeerDiedError(AxonError):
    """The peer went away before it answered a request."""


class RemoteError(AxonError):
    """The peer answered a request with an error; its text is the exception's."""


class CorruptChannelError(AxonError):
    """What lies in shared memory breaks the protocol, or its names were removed; the channel is closed."""


class IncompatibleChannelError(AxonError):
    """The channel was made by another version of the protocol or with another C library."""


class AccessError(AxonError):
    """A shared object's owner or permissions are not what they must be."""


class OutOfMemoryError(AxonError, MemoryError):
    """Shared memory is exhausted."""
