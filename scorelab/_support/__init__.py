"""What the package needs for itself, and no reader meets: checks of arguments, files, memory."""
