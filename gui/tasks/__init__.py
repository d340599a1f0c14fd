"""What the window's two other threads are asked to do, and what they write down. Shows nothing."""
