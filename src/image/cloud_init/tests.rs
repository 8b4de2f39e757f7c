//! The configuration of real images.
