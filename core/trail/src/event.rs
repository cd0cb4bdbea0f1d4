//! One CloudTrail event, made uniform.
