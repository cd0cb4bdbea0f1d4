//! Tests over whole reviews.
