"""One file per question; see README.md."""
