"""From a submission to scores: rebuild, run, judge, store. May use `kit`; knows no other room."""
