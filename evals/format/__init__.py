"""What a scenario may say, and the files it is written in."""
