"""The floor: settings, database, queue, embedded servers. It knows no room."""
