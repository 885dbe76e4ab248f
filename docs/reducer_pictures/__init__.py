"""Pictures of the reducers, drawn anew whenever these pages are built: module ``NAME`` draws ``pictures/NAME.png``."""
