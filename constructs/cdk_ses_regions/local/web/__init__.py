"""What people look at and commands ask: pages and a JSON API under `/_ses` of the local AWS's endpoint."""
