"""Reading clips and masks, writing exports. numpy, PyAV, OpenCV and Pillow; never torch, never Qt."""
