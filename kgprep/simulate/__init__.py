"""Made-up users with real tastes: dialogues and reviews of any size, in the schemas of the real data sets.

Notable here:
- a user likes genres and people; what they mention and accept follows from that, so there is a signal to learn;
- text comes from a small grammar over true facts of the films, in English and in Chinese;
- one seed, one output: the same call writes the same bytes;
- `simulate_dump` writes a dump of DBpedia's shape for measurements;
- `build_sample` writes the data set in pipelines/sample, which is this generator's output plus hand-written cases.
"""

from kgprep.simulate.conversation import Conversation, SimulateConfig, simulate_conversations
from kgprep.simulate.dump import DumpSummary, simulate_dump
from kgprep.simulate.films import Film, films_from_workspace, load_films
from kgprep.simulate.sample import build_sample
from kgprep.simulate.write import SimulatedSet, SimulationSummary, simulate, write_simulation

__all__ = [
    "Conversation",
    "DumpSummary",
    "Film",
    "SimulateConfig",
    "SimulatedSet",
    "SimulationSummary",
    "build_sample",
    "films_from_workspace",
    "load_films",
    "simulate",
    "simulate_conversations",
    "simulate_dump",
    "write_simulation",
]
