//! Hostile input to the rewriters of code. Owns: values in every syntax, deep nesting, large and broken files.
