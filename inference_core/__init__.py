"""State and algorithms of one cut-out job. numpy, OpenCV and torch; never Qt, never files of its own."""
