"""Frames of video files. The only part of media that needs PyAV."""
