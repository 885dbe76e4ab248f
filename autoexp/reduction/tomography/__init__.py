"""Tomography: slices from projections."""
