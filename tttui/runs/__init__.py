"""A session's life: built, driven, resumed, forked, verified."""
