"""What a page shows: pictures, plots, live runs, the table of what was measured."""
