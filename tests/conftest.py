from hypothesis import settings

# no test measures time: a busy machine is no defect
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
