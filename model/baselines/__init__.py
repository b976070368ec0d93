"""The systems that C2-CRS is compared with, one a file."""
