"""The custom resource as types (one source for its schema), and the settings of the process."""
