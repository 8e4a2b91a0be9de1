"""From what a user names to radiographs: files, folders, lists, URIs."""
