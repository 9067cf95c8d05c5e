"""The web app and its API: `regulars serve`."""
