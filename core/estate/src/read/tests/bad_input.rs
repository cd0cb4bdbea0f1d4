//! Bad input, and the exact problem that it must give.
