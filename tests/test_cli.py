"""The command line as a user meets it: every example runs, every mistake gets one sentence."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from kgprep.cli import main

ROOT = Path(__file__).parents[1]


def kgprep(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def examples(name: str) -> list[str]:
    text = (main.commands[name].help or "").replace("\\\n", " ")
    return re.findall(r"^ +kgprep (.*)$", text, flags=re.MULTILINE)


@pytest.fixture
def newcomers_folder(sample_workspace: Path, tmp_path: Path) -> Path:
    """A folder as a newcomer has it after `make demo`."""
    folder = tmp_path / "newcomer"
    folder.mkdir()
    (folder / "pipelines").symlink_to(ROOT / "pipelines")
    shutil.copytree(sample_workspace, folder / "workspaces" / "sample")
    return folder


class ServedPages(SimpleHTTPRequestHandler):
    """A copy of IMDb with the one page of the sample."""

    def translate_path(self, path: str) -> str:
        pages = ROOT / "pipelines" / "sample" / "reviews" / "pages"
        return str(pages / ("imdb_cards_tt1375666.html" if path == "/title/tt1375666/reviews/" else "none"))

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def served_site(newcomers_folder: Path) -> Iterator[None]:
    """The copy of a site, and the list of titles, that the example of collect-reviews speaks of."""
    (newcomers_folder / "titles.txt").write_text("tt1375666\n")
    server = ThreadingHTTPServer(("127.0.0.1", 8731), ServedPages)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield
    server.shutdown()
    server.server_close()
    thread.join()


# What the example of run does, all stages with a training to its end, the fixture does with a shorter one.
COMMANDS = [pytest.param(name, marks=pytest.mark.slow) if name == "run" else name for name in main.commands]


@pytest.mark.usefixtures("served_site")
@pytest.mark.parametrize("name", COMMANDS)
def test_the_example_in_each_help_text_runs(name: str, newcomers_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(newcomers_folder)
    found = examples(name)
    assert found
    for example in found:
        result = kgprep(*shlex.split(example))
        assert result.exit_code == 0, f"{example}\n{result.output}"


def test_a_second_run_of_a_recipe_keeps_every_stage(sample_workspace: Path) -> None:
    before = (sample_workspace / "bundle.json").read_bytes()
    result = kgprep("run", "sample", "-w", sample_workspace, "--set", "train.max_steps=2")
    assert result.exit_code == 0
    assert result.output.count("nothing has changed, kept") == 5
    assert (sample_workspace / "bundle.json").read_bytes() == before


def test_from_runs_that_stage_and_all_later_ones_again(newcomers_folder: Path) -> None:
    workspace = newcomers_folder / "workspaces" / "sample"
    result = kgprep("run", "sample", "-w", workspace, "--set", "train.max_steps=2", "--from", "evaluate")
    assert result.exit_code == 0, result.output
    assert result.output.count("nothing has changed, kept") == 4
    assert "evaluate/c2crs took" in result.output


def test_texts_of_a_file_are_its_lines_whatever_signs_they_hold(sample_workspace: Path, tmp_path: Path) -> None:
    texts, context = tmp_path / "texts.txt", tmp_path / "context.txt"
    texts.write_bytes("\ufeffInception\u2028was\x85fun\r\nI liked it\nInception (199５)\n".encode())
    context.write_bytes(b"\xef\xbb\xbfhttp://dbpedia.org/resource/Inception\n")
    result = kgprep("link", "--file", texts, "--context-file", context, "-w", sample_workspace, "--json")
    assert result.exit_code == 0, result.output
    links = [json.loads(line) for line in result.output.splitlines()]
    assert [(link["text"], link["start"], link["word"]) for link in links] == [(0, 0, "Inception"), (2, 0, "Inception")]


def test_a_changed_parameter_runs_its_stage_and_all_later_ones_again(newcomers_folder: Path) -> None:
    workspace = newcomers_folder / "workspaces" / "sample"
    settings = ["--set", "train.max_steps=2", "--set", "align-reviews.sentences_per_entity=5"]
    result = kgprep("run", "sample", "-w", workspace, *settings)
    assert result.exit_code == 0, result.output
    assert result.output.count("nothing has changed, kept") == 2
    assert "train/c2crs took" in result.output
    assert kgprep("validate", "-w", workspace).exit_code == 0


def test_the_sample_bundle_is_valid(sample_workspace: Path) -> None:
    result = kgprep("validate", "-w", sample_workspace)
    assert result.exit_code == 0, result.output
    assert "0 problems" in result.output


@pytest.fixture
def bad_inputs(tmp_path: Path) -> Path:
    (tmp_path / "empty.nt").write_text("")
    (tmp_path / "not.yaml").write_text("a: [")
    (tmp_path / "list.yaml").write_text("- 1")
    return tmp_path


BUILD = ["build-kg", "-w", "{tmp}/ws", "--dialogues"]
MISTAKES = {
    "no dialogues": (["build-kg", "-w", "{tmp}/ws"], 1, "--dialogues"),
    "missing dialogues": (
        ["build-kg", "-w", "{tmp}/ws", "--dialogues", "redial:{tmp}/gone.jsonl", "--dump", "{tmp}/empty.nt"],
        1,
        "gone.jsonl",
    ),
    "unknown form": (
        ["build-kg", "-w", "{tmp}/ws", "--dialogues", "reddial:{tmp}", "--dump", "{tmp}/empty.nt"],
        1,
        "redial",
    ),
    "missing dump": (
        [*BUILD, "redial:{sample}/redial", "--dump", "{tmp}/gone.nt"],
        1,
        "gone.nt does not exist",
    ),
    "no bundle to align": (["align-reviews", "-w", "{tmp}/ws"], 1, "run kgprep build-kg"),
    "no bundle to train on": (["train", "-w", "{tmp}/ws", "--run", "a"], 1, "run kgprep build-kg"),
    "no run to evaluate": (["evaluate", "-w", "{ws}", "--run", "gone"], 1, "gone"),
    "unknown setting": (["train", "-w", "{ws}", "--run", "a", "--set", "sead=1"], 1, "seed"),
    "run exists": (["train", "-w", "{ws}", "--run", "c2crs", "--config", "small"], 1, "--overwrite"),
    "unknown recipe": (["run", "sampel"], 1, "did you mean sample?"),
    "missing recipe file": (["run", "{tmp}/gone.yaml"], 1, "gone.yaml does not exist"),
    "recipe is not YAML": (["run", "{tmp}/not.yaml"], 1, "is not YAML"),
    "recipe is a list": (["run", "{tmp}/list.yaml"], 1, "holds no recipe"),
    "recipe setting without a section": (["run", "sample", "--set", "hops=1"], 1, "name the section too"),
    "recipe setting without a value": (["run", "sample", "--set", "train.seed"], 1, "section.key=value"),
    "recipe setting of a wrong type": (["run", "sample", "--set", "build-kg.hops=far"], 1, "build-kg.hops"),
    "nothing to validate": (["validate", "-w", "{tmp}"], 1, "holds no bundle"),
    "unknown table": (["show", "kg/entity", "-w", "{ws}"], 1, "did you mean kg/entities?"),
    "ambiguous table": (["show", "mentions", "-w", "{ws}"], 1, "give the full name"),
    "unknown source": (["fetch", "redail", "--to", "{tmp}"], 1, "redial"),
    "text and file": (["link", "a", "--file", "b", "-w", "{ws}"], 2, "either TEXT or --file"),
    "missing file to link": (["link", "--file", "{tmp}/gone.txt", "-w", "{ws}"], 1, "gone.txt does not exist"),
    "unknown export": (["export", "--to", "csv", "--out", "{tmp}/out", "-w", "{ws}"], 1, "crslab"),
    "no permission": (["collect-reviews", "imdb", "--out", "{tmp}/r.jsonl", "-w", "{ws}"], 1, "permission"),
    "unknown option": (["show", "--all"], 2, "No such option"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_gets_one_sentence_and_its_exit_code(mistake: str, bad_inputs: Path, sample_workspace: Path) -> None:
    arguments, code, words = MISTAKES[mistake]
    places = {"tmp": bad_inputs, "ws": sample_workspace, "sample": ROOT / "pipelines" / "sample"}
    result = kgprep(*(argument.format(**places) for argument in arguments))
    assert result.exit_code == code, result.output
    assert words in result.output
    assert result.output.rstrip().splitlines()[-1].startswith("Error: ")
    assert not (bad_inputs / "ws" / "kg").exists()


def test_debug_raises_the_error_itself(tmp_path: Path) -> None:
    result = kgprep("validate", "-w", tmp_path, "--debug")
    assert type(result.exception).__name__ == "KgprepError"


def test_json_links_can_be_read_by_a_program(sample_workspace: Path) -> None:
    result = kgprep("link", "Halloween (1978) is a horror film", "-w", sample_workspace, "--json")
    links = [json.loads(line) for line in result.stdout.splitlines()]
    assert {"text", "start", "end", "word", "entity_id", "iri", "label", "score"} == set(links[0])


@pytest.mark.parametrize(
    "arguments",
    [
        ["validate", "-w", "w\udce9"],
        ["build-kg", "-w", "ws", "--dialogues", "redial:caf\udce9"],
        ["link", "caf\udce9", "-w", "ws"],
    ],
    ids=["workspace", "dialogues", "text"],
)
def test_a_name_that_is_not_utf_8_is_refused_at_once(arguments: list[str]) -> None:
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 2
    last = result.output.splitlines()[-1]
    assert re.fullmatch(r"Error: b'.*\\xe9' is not UTF-8: rename the file or folder, or write the text in UTF-8", last)
