"""Linking: words of dialogues and reviews to the entities of a bundle."""
