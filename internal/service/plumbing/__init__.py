"""What every use case stands on: the context, tokens and passwords, wake-ups, queues, what is kept in memory."""
