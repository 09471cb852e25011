"""What a released notebook may import: data, checks, plots. Knows no other room."""
