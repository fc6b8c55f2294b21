"""Pictures in: stills, video, sampling, kept crops. Decoding is bounded in time and memory."""
