"""The digits: images, the network that has learned their score, the judge of its samples."""
