//! Databases written by the real programs, whole and damaged.
