"""Questions that lean on the ones before, made to stand alone."""
