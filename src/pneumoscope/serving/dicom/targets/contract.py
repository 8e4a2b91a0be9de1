"""What every target of results does."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from pneumoscope.errors import PneumoscopeError


class TargetError(PneumoscopeError):
    """A target did not take something. The text is one sentence for a person, without patient data.

    Attributes:
        permanent: whether sending the same again is of no use until a person changes something.
    """

    def __init__(self, sentence: str, permanent: bool) -> None:
        super().__init__(sentence)
        self.permanent = permanent


@dataclass(frozen=True)
class Outgoing:
    """One thing to be sent.

    Attributes:
        name: a file name for it, without folders and without patient data; the same for the same thing.
        content: a whole DICOM file, or JSON.
        media: which of the two.
        study: its Study Instance UID; None where it has none, as JSON.
        series: its Series Instance UID.
        instance: its SOP Instance UID.
    """

    name: str
    content: bytes = field(repr=False)
    media: Literal["dicom", "json"] = "dicom"
    study: str | None = None
    series: str | None = None
    instance: str | None = None


class Target(Protocol):
    """Where results go. Many threads may use one at once."""

    def test(self) -> str:
        """Try whether it can be reached, without sending a result.

        Returns:
            One sentence: what was tried, and that it went well.

        Raises:
            TargetError: it went wrong.
        """

    def has(self, study: str, series: str, instance: str) -> bool | None:
        """Whether it holds an object.

        Args:
            study: Study Instance UID.
            series: Series Instance UID.
            instance: SOP Instance UID.

        Returns:
            True or False; None where the target cannot tell, or cannot be asked now.
        """

    def send(self, things: Sequence[Outgoing]) -> None:
        """Send things. Sending the same again changes nothing at the target.

        Raises:
            TargetError: not all were taken; some may have been.
        """


def only_dicom(things: Sequence[Outgoing]) -> None:
    """Refuse what a DICOM service does not take.

    Raises:
        TargetError: something is no DICOM object.
    """
    if any(thing.media != "dicom" for thing in things):
        raise TargetError("The target takes DICOM objects only; send JSON to a folder.", permanent=True)
