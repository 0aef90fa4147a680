"""What runs came to, as a table, as a page and for a build server."""
