"""Two documents side by side: their sections paired by heading, their tables by row, figures that differ. No model."""
