"""A database and a broker without root, for laptops: real servers as child processes, their data in one directory."""
