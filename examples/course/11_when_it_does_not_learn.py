"""Lesson 11 of the course, the doctor: `python examples/course/11_when_it_does_not_learn.py --lang pt`."""

# %% tags=["script"]
from lesson import begin

say, few, show = begin(__file__)

# %% [markdown] lang="en"
# # 11. When it does not learn
#
# Networks have an unpleasant habit: they seldom say that something is wrong. No error message, no crash. They just
# learn badly, or not at all, and you sit there and wonder. In this lesson we make five networks ill on purpose, look at
# their symptoms, and call the doctor.
#
# The task is the one we know, digits; 600 of them will do. First a healthy network, so that we know what health looks
# like.
# %% [markdown] lang="pt"
# # 11. Quando ela não aprende
#
# As redes têm um hábito desagradável: raramente avisam que algo está errado. Nenhuma mensagem de erro, nenhuma pane.
# Elas só aprendem mal, ou não aprendem nada, e você fica ali pensando no porquê. Nesta aula deixamos cinco redes
# doentes de propósito, olhamos os sintomas e chamamos o doutor.
#
# A tarefa é a que já conhecemos, os dígitos; 600 deles bastam. Primeiro uma rede saudável, para sabermos que cara tem a
# saúde.

# %%
import matplotlib.pyplot as plt
import numpy as np

import tinygrad_br as tg

pictures, y = tg.datasets.digits()
x, y = pictures[:600].reshape(-1, 64) / 16, y[:600]
cases = {}


def network(**options):
    return tg.nn.MLP(64, [32, 32, 10], seed=0, **options)


def losses(model, x, optimizer="adam", lr=0.01):
    settings = {"loss": "cross_entropy", "epochs": few(15, quick=6), "verbose": 0}
    return tg.fit(model, x, y, optimizer=optimizer, lr=lr, **settings).loss


healthy = losses(network(), x)
print(say("first and last loss:", "primeira e última perda:"), round(healthy[0], 3), round(healthy[-1], 3))
assert healthy[-1] < healthy[0] / 5

# %% [markdown] lang="en"
# Already the mean of the first epoch is well below 2.3, pure guessing (lesson 4), and in the end the loss is nearly 0.
# That is health. And what does the doctor say, `tg.diagnose`? It looks at the data, sends them through a copy of the
# network once, tries out a few steps, and tells what strikes it. It changes nothing.
# %% [markdown] lang="pt"
# Já a média da primeira época está bem abaixo de 2,3, o puro chute (aula 4), e no fim a perda é quase 0. Isso é saúde.
# E o que diz o doutor, `tg.diagnose`? Ele olha os dados, passa-os uma vez por uma cópia da rede, experimenta alguns
# passos e conta o que chamou a atenção. Não muda nada.


# %%
def examine(model, x, optimizer="adam", lr=0.01):
    settings = {"loss": "cross_entropy", "language": say("en", "pt")}
    return tg.diagnose(model, x, y, optimizer=optimizer, lr=lr, **settings)


diagnosis = examine(network(), x)
print(diagnosis)
assert diagnosis.ok

# %% [markdown] lang="en"
# ## Patient 1: the steps are too long
#
# A simple gradient descent with a learning rate of 3.
# %% [markdown] lang="pt"
# ## Paciente 1: passos longos demais
#
# Um simples gradiente descendente com taxa de aprendizado 3.

# %%
sick = losses(network(), x, optimizer="sgd", lr=3.0)
diagnosis = examine(network(), x, optimizer="sgd", lr=3.0)
print(diagnosis)
assert "learning_rate_too_high" in diagnosis.names

cured = losses(network(), x, optimizer="sgd", lr=0.3)
cases[say("learning rate too high", "taxa alta demais")] = sick, cured

# %% [markdown] lang="en"
# Do you recognise it? It is the rule from lesson 6: the learning rate must stay below 2 divided by the largest
# curvature. The doctor measured the curvature and compared.
#
# ## Patient 2: the numbers are too large
#
# Somebody forgot to divide by 255, and the inputs are not between 0 and 1.
# %% [markdown] lang="pt"
# Reconheceu? É a regra da aula 6: a taxa de aprendizado tem de ficar abaixo de 2 dividido pela maior curvatura. O
# doutor mediu a curvatura (*curvature*) e comparou.
#
# ## Paciente 2: números grandes demais
#
# Alguém esqueceu de dividir por 255, e as entradas não ficam entre 0 e 1.

# %%
raw = 255 * x
sick = losses(network(), raw)
diagnosis = examine(network(), raw)
print(diagnosis)
assert "unscaled_inputs" in diagnosis.names

cured = losses(network(), raw / 255)
cases[say("inputs not scaled", "entradas sem escala")] = sick, cured

# %% [markdown] lang="en"
# ## Patient 3: all zero
#
# It looks so tidy: all weights begin at 0.
# %% [markdown] lang="pt"
# ## Paciente 3: tudo zero
#
# Parece tão arrumado: todos os pesos começam em 0.


# %%
def all_zero():
    model = network()
    for parameter in model.parameters():
        parameter.data = np.zeros(parameter.shape)
    return model


sick = losses(all_zero(), x)
diagnosis = examine(all_zero(), x)
print(diagnosis)
assert "symmetric_init" in diagnosis.names
cases[say("all weights zero", "todos os pesos zero")] = sick, healthy

# %% [markdown] lang="en"
# You met this patient at the end of lesson 7. Its loss stands still at 2.30, for ever.
#
# ## Patient 4: softmax twice
#
# The network ends in a softmax, and the loss takes the softmax once more. This is the most frequent mistake of people
# who come from other libraries. It is treacherous, since the network *does* learn: only badly.
# %% [markdown] lang="pt"
# Este paciente você encontrou no fim da aula 7. A perda dele fica parada em 2,30, para sempre.
#
# ## Paciente 4: softmax duas vezes
#
# A rede termina em uma softmax, e a perda aplica a softmax mais uma vez. É o erro mais comum de quem vem de outras
# bibliotecas. E é traiçoeiro, porque a rede *aprende*: só que mal.

# %%
sick = losses(network(output="softmax"), x)
diagnosis = examine(network(output="softmax"), x)
print(diagnosis)
assert "activation_before_loss" in diagnosis.names
cases[say("softmax twice", "softmax duas vezes")] = sick, healthy

# %% [markdown] lang="en"
# ## Patient 5: dead neurons
#
# Do you remember the relu? A negative sum becomes 0. If the sum of a neuron is negative for *every* picture, it is
# always silent. And since the relu is flat there, its derivative is 0, it gets no gradient, and never wakes again. Here
# the biases were set to -10.
# %% [markdown] lang="pt"
# ## Paciente 5: neurônios mortos
#
# Lembra da relu? Uma soma negativa vira 0. Se a soma de um neurônio é negativa para *todas* as imagens, ele fica sempre
# calado. E, como ali a relu é plana, a derivada é 0, ele não recebe gradiente e não acorda nunca mais. Aqui os vieses
# foram postos em -10.


# %%
def asleep():
    model = network()
    model.layers[0].biases.data = np.full(32, -10.0)
    return model


sick = losses(asleep(), x)
diagnosis = examine(asleep(), x)
print(diagnosis)
assert "dead_units" in diagnosis.names
cases[say("dead neurons", "neurônios mortos")] = sick, healthy

# %% [markdown] lang="en"
# ## All five at a glance
#
# Red is the sick network, green the one that took its medicine. Learn these curves by sight: you will meet them again.
# %% [markdown] lang="pt"
# ## Os cinco de uma vez
#
# Em vermelho a rede doente, em verde a que tomou o remédio. Aprenda a reconhecer essas curvas: você vai reencontrá-las.

# %%
_, panels = plt.subplots(1, 5, figsize=(12, 2.8), sharey=True, layout="constrained")
for axes, (name, (sick, cured)) in zip(panels, cases.items()):
    axes.semilogy(sick, color="#c03020", lw=2)
    axes.semilogy(cured, color="#2e9e5b", lw=2)
    axes.set_title(name, fontsize=9)
    axes.set_xlabel(say("epoch", "época"))
    axes.grid(alpha=0.3)
panels[0].set_ylabel(say("loss", "perda"))
show(plt, "patients")

for sick, cured in cases.values():
    assert cured[-1] < sick[-1] / 3

# %% [markdown] lang="en"
# You need not call the doctor each time. With `tg.fit(..., doctor=True)` it examines everything before the training
# begins and looks on while it runs.
#
# **A question for you.** Somebody writes the loop of lesson 6 for this network and forgets a line. Which one?
# %% [markdown] lang="pt"
# Não é preciso chamar o doutor toda vez. Com `tg.fit(..., doctor="pt")` ele examina tudo antes de o treino começar e
# fica olhando enquanto ele roda.
#
# **Uma pergunta para você.** Alguém escreve o laço da aula 6 para esta rede e esquece uma linha. Qual?

# %%
model = network()
optimizer = tg.optim.SGD(model.parameters(), lr=0.01)
for _ in range(10):
    loss = tg.nn.cross_entropy(model(x), y)
    loss.backward()
    optimizer.step()

diagnosis = examine(model, x, optimizer=optimizer, lr=None)
print(diagnosis)
assert "forgotten_zero_grad" in diagnosis.names

# %% [markdown] lang="en"
# `optimizer.zero_grad()` is missing, the *forgetting*: each step follows the sum of all gradients so far.
#
# ## What we know now
#
# When a network does not learn, go through this list:
#
# 1. Are the inputs small numbers, without gaps? Do the labels fit?
# 2. Is the first loss near that of pure guessing?
# 3. Is the learning rate right? Try one ten times smaller and one ten times larger.
# 4. Does the loss get the logits, not the probabilities?
# 5. Are the gradients forgotten before each step?
# 6. Can the network learn ten examples by heart? If not even that, something is broken.
#
# Or ask the doctor, who goes through it for you.
#
# **Next:** where to go from here.
# %% [markdown] lang="pt"
# Falta `optimizer.zero_grad()`, o *esquecer*: cada passo segue a soma de todos os gradientes até ali.
#
# ## O que já sabemos
#
# Quando uma rede não aprende, percorra esta lista:
#
# 1. As entradas são números pequenos, sem falhas? Os rótulos combinam com elas?
# 2. A primeira perda está perto da do puro chute?
# 3. A taxa de aprendizado é boa? Experimente uma dez vezes menor e uma dez vezes maior.
# 4. A perda recebe os logits, e não as probabilidades?
# 5. Os gradientes são esquecidos antes de cada passo?
# 6. A rede consegue decorar dez exemplos? Se nem isso, há algo quebrado.
#
# Ou pergunte ao doutor, que percorre a lista por você.
#
# **Na próxima aula:** para onde ir a partir daqui.
