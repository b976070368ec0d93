"""Data preparation and knowledge fusion for conversational recommendation."""

__version__ = "0.1.0"
