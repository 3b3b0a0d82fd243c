"""Tables, engine and migrations. Holds no rule of the field: the rooms that use it do."""
