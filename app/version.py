"""The version, in one place: the distribution takes it from here, and records name it."""

VERSION = "0.1.0"
