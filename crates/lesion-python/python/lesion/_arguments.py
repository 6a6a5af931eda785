"""Arguments, as the native half takes them."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ._errors import SettingError

Neurons = str | int | Iterable[int]
"""Neurons of a layer: a label, a number, a range such as ``"0-99"``, ``"all"``, or numbers."""

NeuronChoice = str | Sequence[str] | Mapping[int | str, Neurons] | Mapping[int, Neurons]
"""Neurons by layer, ``{4: "her", "0-2": [7, 12]}``, or as on the command line, ``"4:her"``."""

Lines = str | os.PathLike[str] | Sequence[str]
"""A text: the path of its file, or its lines in a list."""


def neuron_texts(neurons: NeuronChoice) -> list[str]:
    """Texts such as ``4:7,12``, one per layer."""
    if isinstance(neurons, str):
        return [neurons]
    if isinstance(neurons, Mapping):
        return [f"{layer}:{_numbers_text(chosen)}" for layer, chosen in neurons.items()]
    return [str(text) for text in neurons]


def _numbers_text(neurons: Neurons) -> str:
    if isinstance(neurons, str):
        return neurons
    if isinstance(neurons, Iterable):
        return ",".join(str(int(neuron)) for neuron in neurons)
    return str(int(neurons))


def tokens_text(tokens: Any) -> str:
    """The tokens of a lesion: ``target``, ``all``, or distances from the mask."""
    if isinstance(tokens, str):
        return tokens
    if isinstance(tokens, Mapping):
        tokens = tokens.get("offsets", [])
    return ",".join(str(int(distance)) for distance in tokens)


def kind_text(kind: str | Mapping[str, float]) -> str:
    """The kind of a lesion: ``zero``, or ``scale=0.5`` for ``{"scale": 0.5}``."""
    if isinstance(kind, str):
        return kind
    return ",".join(f"{name}={value}" for name, value in kind.items())


def lesion_argument(
    neurons: NeuronChoice,
    *,
    sets: str | os.PathLike[str] | None,
    kind: str | Mapping[str, float],
    site: str,
    at: str | Iterable[int],
    shared: str,
    patch: str | None,
) -> dict[str, Any]:
    """A lesion of one sentence."""
    return {
        "neurons": neuron_texts(neurons),
        "sets": None if sets is None else os.fspath(sets),
        "kind": kind_text(kind),
        "site": site,
        "at": tokens_text(at),
        "shared": shared,
        "patch": patch,
    }


def text_argument(text: Lines | None) -> list[str] | str | None:
    """The lines of a text, or the path of its file."""
    if text is None or isinstance(text, str):
        return text
    if isinstance(text, os.PathLike):
        return os.fspath(text)
    return [str(line) for line in text]


def setting_values(settings: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Settings by full name, each with its value in JSON."""
    values = []
    for name, value in settings.items():
        if isinstance(value, Mapping):
            for key, inner in value.items():
                full_name = f"{name}.{key}"
                # As in `Model.predict`, distances need no table of their own.
                if full_name == "lesion.at" and isinstance(inner, Iterable):
                    inner = tokens_text(inner)
                values.append((full_name, _json(full_name, inner)))
        else:
            values.append((name, _json(name, value)))
    return values


def _json(name: str, value: object) -> str:
    try:
        return json.dumps(value, default=_plain)
    except (TypeError, ValueError) as error:
        raise SettingError(f"`{name}`: {error}") from None


def _plain(value: Any) -> object:
    """The JSON of a path, a set, or a value of numpy."""
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if hasattr(value, "tolist"):
        return value.tolist()
    if isinstance(value, Iterable):
        return list(value)
    raise TypeError(f"a value cannot be of type {type(value).__name__}")
