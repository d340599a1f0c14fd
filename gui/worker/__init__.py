"""What the window's other threads are asked to do, what they write down, and how they end. Shows nothing."""
