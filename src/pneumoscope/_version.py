"""The version of the package: SemVer of its Python API, command line and result schema."""

__version__ = "1.10.0"
