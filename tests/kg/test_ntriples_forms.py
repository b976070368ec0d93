"""Every positive syntax form of the W3C N-Triples test suite, one test each, under the suite's names.

The documents are written for this project; the forms, and what each must mean, are those of RDF 1.1 N-Triples.
"""

from __future__ import annotations

import pytest

from kgprep.kg.ntriples import XSD_STRING, cut_block, read_terms

_S, _P, _O = "http://example.org/s", "http://example.org/p", "http://example.org/o"
_TRIPLE = f"<{_S}> <{_P}> <{_O}> ."
_LONG = "scheme:!$%25&'()*+,-./0123456789:/@ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz~?#"
_INTEGER = "http://www.w3.org/2001/XMLSchema#integer"

_Row = tuple[str, str, str, bool, str | None, str | None]


def _edge(subject: str = _S, predicate: str = _P, end: str = _O) -> _Row:
    return (subject, predicate, end, not end.startswith("_:"), None, None)


def _text(text: str, lang: str | None = None, datatype: str | None = None) -> _Row:
    return (_S, _P, text, False, lang, None if lang else datatype or XSD_STRING)


def _says(literal: str) -> str:
    return f"<{_S}> <{_P}> {literal} ."


_CONTROLS = "".join(chr(point) for point in range(32) if chr(point) not in "\n\r")
_PUNCTUATION = ' !\\"#$%&()*+,-./:;<=>?@[]^_`{|}~'

_FORMS: dict[str, tuple[str, list[_Row]]] = {
    "nt-syntax-file-01": ("", []),
    "nt-syntax-file-02": ("# a comment alone", []),
    "nt-syntax-file-03": ("# one comment\n    # and another\n", []),
    "nt-syntax-uri-01": (_TRIPLE, [_edge()]),
    "nt-syntax-uri-02": (f"<http://example.org/\\u0053> <{_P}> <{_O}> .", [_edge("http://example.org/S")]),
    "nt-syntax-uri-03": (f"<http://example.org/\\U00000053> <{_P}> <{_O}> .", [_edge("http://example.org/S")]),
    "nt-syntax-uri-04": (f"<{_LONG}> <{_P}> <{_O}> .", [_edge(_LONG)]),
    "nt-syntax-string-01": (_says('"text"'), [_text("text")]),
    "nt-syntax-string-02": (_says('"text"@en'), [_text("text", "en")]),
    "nt-syntax-string-03": (_says('"text"@en-uk'), [_text("text", "en-uk")]),
    "nt-syntax-str-esc-01": (_says('"a\\n"'), [_text("a\n")]),
    "nt-syntax-str-esc-02": (_says('"a\\u0020b"'), [_text("a b")]),
    "nt-syntax-str-esc-03": (_says('"a\\U00000020b"'), [_text("a b")]),
    "nt-syntax-bnode-01": (f"_:a <{_P}> <{_O}> .", [_edge("_:a")]),
    "nt-syntax-bnode-02": (
        f"<{_S}> <{_P}> _:a .\n_:a <{_P}> <{_O}> .",
        [_edge(end="_:a"), _edge("_:a")],
    ),
    "nt-syntax-bnode-03": (
        f"<{_S}> <{_P}> _:1a .\n_:1a <{_P}> <{_O}> .",
        [_edge(end="_:1a"), _edge("_:1a")],
    ),
    "nt-syntax-datatypes-01": (_says(f'"123"^^<{_INTEGER}>'), [_text("123", datatype=_INTEGER)]),
    "nt-syntax-datatypes-02": (_says(f'"123"^^<{XSD_STRING}>'), [_text("123")]),
    "comment_following_triple": (
        f"{_TRIPLE} # a comment\n{_says('_:b')} # another\n{_says(chr(34) + 'x' + chr(34))} # and <a:s> <a:p> <a:o> .",
        [_edge(), _edge(end="_:b"), _text("x")],
    ),
    "literal": (_says('"x"'), [_text("x")]),
    "literal_all_controls": (
        _says('"' + "".join(f"\\u{ord(control):04X}" for control in _CONTROLS) + '"'),
        [_text(_CONTROLS)],
    ),
    "literal_all_punctuation": (
        _says('"' + _PUNCTUATION.replace("\\", "\\\\").replace('"', '\\"') + '"'),
        [_text(_PUNCTUATION)],
    ),
    "literal_ascii_boundaries": (_says('"\x00\t\x0b\x0c\x0e&([]\x7f"'), [_text("\x00\t\x0b\x0c\x0e&([]\x7f")]),
    "literal_with_2_dquotes": (_says('"x\\"\\"y"'), [_text('x""y')]),
    "literal_with_2_squotes": (_says("\"x''y\""), [_text("x''y")]),
    "literal_with_BACKSPACE": (_says('"\\b"'), [_text("\b")]),
    "literal_with_CARRIAGE_RETURN": (_says('"\\r"'), [_text("\r")]),
    "literal_with_CHARACTER_TABULATION": (_says('"\\t"'), [_text("\t")]),
    "literal_with_dquote": (_says('"x\\"y"'), [_text('x"y')]),
    "literal_with_FORM_FEED": (_says('"\\f"'), [_text("\f")]),
    "literal_with_LINE_FEED": (_says('"\\n"'), [_text("\n")]),
    "literal_with_numeric_escape4": (_says('"\\u006F"'), [_text("o")]),
    "literal_with_numeric_escape8": (_says('"\\U0000006F"'), [_text("o")]),
    "literal_with_REVERSE_SOLIDUS": (_says('"\\\\"'), [_text("\\")]),
    "literal_with_REVERSE_SOLIDUS2": (_says('"test-\\\\"'), [_text("test-\\")]),
    "literal_with_squote": (_says('"x\'y"'), [_text("x'y")]),
    "literal_with_UTF8_boundaries": (
        _says('"\x80\u07ff\u0800\u0fff\u1000\ucfff\ud000\ud7ff\ue000\ufffd\U00010000\U0003fffd\U00100000\U0010fffd"'),
        [_text("\x80\u07ff\u0800\u0fff\u1000\ucfff\ud000\ud7ff\ue000\ufffd\U00010000\U0003fffd\U00100000\U0010fffd")],
    ),
    "langtagged_string": (_says('"chat"@en'), [_text("chat", "en")]),
    "lantag_with_subtag": (_says('"Cheers"@en-US'), [_text("Cheers", "en-US")]),
    "minimal_whitespace": (
        f'<{_S}><{_P}><{_O}>.\n<{_S}><{_P}>"x".\n<{_S}><{_P}>_:o.\n_:s<{_P}><{_O}>.\n_:s<{_P}>"x".\n_:s<{_P}>_:b1.',
        [
            _edge(),
            _text("x"),
            _edge(end="_:o"),
            _edge("_:s"),
            ("_:s", _P, "x", False, None, XSD_STRING),
            _edge("_:s", end="_:b1"),
        ],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("document", "rows"), _FORMS.values(), ids=_FORMS.keys())
def test_form(document: str, rows: list[_Row]) -> None:
    block = cut_block(document.encode())
    assert block.malformed.is_empty()
    assert read_terms(block.terms).rows() == rows


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\n\n", ""], ids=["LF", "CRLF", "CR", "blank line", "none"])
def test_line_end(end: str) -> None:
    block = cut_block(f"{_TRIPLE}{end}".encode())
    assert block.malformed.is_empty()
    assert read_terms(block.terms).rows() == [_edge()]
