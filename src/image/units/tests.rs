//! Units from directories written down by hand.
