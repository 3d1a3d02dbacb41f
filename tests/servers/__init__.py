"""Real servers for tests: TimescaleDB, PostgreSQL, Mosquitto, amqtt, Chromium."""
