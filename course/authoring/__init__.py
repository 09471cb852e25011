"""From a source notebook to a release: cell roles, lint, build, the answer bank. May use `kit`; knows no other room."""
