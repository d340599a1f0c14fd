"""Files in and out: clips, palettes, exports. numpy, PyAV, OpenCV and Pillow; never torch, never Qt."""
