"""The routes: thin, each says which request it takes and hands over."""
