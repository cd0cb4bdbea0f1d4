//! What holds of any event.
