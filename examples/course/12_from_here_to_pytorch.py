"""Lesson 12 of the course, PyTorch: `python examples/course/12_from_here_to_pytorch.py --lang pt`."""

# %% tags=["script"]
from lesson import begin

say, few, show = begin(__file__)

# %% [markdown] lang="en"
# # 12. From here to PyTorch
#
# You have come a long way: from one neuron that looks at a pixel to a network that reads handwriting. Out in the world
# most people use **PyTorch**. It runs on graphics cards, it has networks with billions of parameters, and for somebody
# who has only ever called it, it is a black box. Not for you. You know what is in the box. In this lesson we build the
# same network in both and see that they compute **the same numbers**.
#
# Here is the dictionary:
#
# | here | in PyTorch |
# |---|---|
# | `Value(2.0)` | `torch.tensor(2.0, requires_grad=True)` |
# | `np.exp(v)`, `a @ b` | `torch.exp(v)`, `a @ b` |
# | `tg.nn.Layer(64, 32)` | `nn.Linear(64, 32)` |
# | `tg.nn.MLP(64, [32, 10])` | `nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))` |
# | `tg.nn.cross_entropy(logits, y)` | `nn.functional.cross_entropy(logits, y)` |
# | `loss.backward()`, `w.grad` | `loss.backward()`, `w.grad` |
# | `optimizer.zero_grad()`, `.step()` | `optimizer.zero_grad()`, `.step()` |
# | `with tg.no_grad():` | `with torch.no_grad():` |
# | `w.data`, a NumPy array | `w.detach().numpy()` |
# | `tg.fit(...)` | you write the loop |
#
# Not much to learn, is it? To run the comparison you need PyTorch: `python -m pip install torch`. Without it this
# lesson can still be read, and runs all that is ours.
# %% [markdown] lang="pt"
# # 12. Daqui para o PyTorch
#
# Você percorreu um longo caminho: de um neurônio que olha para um pixel até uma rede que lê letra de mão. Lá fora a
# maioria usa o **PyTorch**. Ele roda em placas de vídeo, tem redes com bilhões de parâmetros e, para quem só aprendeu a
# chamá-lo, é uma caixa-preta. Para você, não. Você sabe o que há dentro da caixa. Nesta aula montamos a mesma rede nos
# dois e vemos que eles calculam **os mesmos números**.
#
# Aqui está o dicionário:
#
# | aqui | no PyTorch |
# |---|---|
# | `Value(2.0)` | `torch.tensor(2.0, requires_grad=True)` |
# | `np.exp(v)`, `a @ b` | `torch.exp(v)`, `a @ b` |
# | `tg.nn.Layer(64, 32)` | `nn.Linear(64, 32)` |
# | `tg.nn.MLP(64, [32, 10])` | `nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))` |
# | `tg.nn.cross_entropy(logits, y)` | `nn.functional.cross_entropy(logits, y)` |
# | `loss.backward()`, `w.grad` | `loss.backward()`, `w.grad` |
# | `optimizer.zero_grad()`, `.step()` | `optimizer.zero_grad()`, `.step()` |
# | `with tg.no_grad():` | `with torch.no_grad():` |
# | `w.data`, um array do NumPy | `w.detach().numpy()` |
# | `tg.fit(...)` | o laço é você que escreve |
#
# Não é muito para aprender, é? Para rodar a comparação é preciso ter o PyTorch: `python -m pip install torch`. Sem ele,
# ainda dá para ler esta aula e rodar tudo o que é nosso.

# %%
import numpy as np

import tinygrad_br as tg

try:
    import torch
except ImportError:
    torch = None
    print(say("The comparison needs PyTorch:", "A comparação precisa do PyTorch:"), "python -m pip install torch")

pictures, y = tg.datasets.digits()
x, y = pictures[:500].reshape(-1, 64) / 16, y[:500]

# %% [markdown] lang="en"
# ## The loop in both
#
# Here is our network and its training by hand, as in lesson 6: a hundred steps.
# %% [markdown] lang="pt"
# ## O laço nos dois
#
# Esta é a nossa rede e o seu treino à mão, como na aula 6: cem passos.


# %%
def train_here(model, x, y):
    optimizer = tg.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    losses = []
    for _ in range(100):
        loss = tg.nn.cross_entropy(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


# %% [markdown] lang="en"
# And here the same for PyTorch. Lay them side by side, line by line.
# %% [markdown] lang="pt"
# E este é o mesmo no PyTorch. Ponha os dois lado a lado, linha por linha.


# %%
def network_there():
    return torch.nn.Sequential(torch.nn.Linear(64, 32), torch.nn.ReLU(), torch.nn.Linear(32, 10))


def train_there(net, x, y):
    x, y = torch.tensor(x), torch.tensor(y)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    losses = []
    for _ in range(100):
        loss = torch.nn.functional.cross_entropy(net(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


# %% [markdown] lang="en"
# ## The same beginning
#
# Both must start from the same weights. Our network hands its own over: `to_torch_state_dict()` gives them by the names
# that PyTorch uses. One thing is different there: PyTorch keeps a row for each neuron where we keep a column, so the
# matrices are turned on their side. The function sees to that.
# %% [markdown] lang="pt"
# ## O mesmo começo
#
# Os dois têm de partir dos mesmos pesos. A nossa rede entrega os seus: `to_torch_state_dict()` os dá com os nomes que o
# PyTorch usa. Uma coisa lá é diferente: o PyTorch guarda uma linha para cada neurônio onde nós guardamos uma coluna,
# então as matrizes ficam deitadas. A função cuida disso.

# %%
model = tg.nn.MLP(64, [32, 10], activation="relu", seed=0)
print(say("here: ", "aqui: "), {name: p.shape for name, p in model.named_parameters()})

if torch:
    net = network_there().double()
    net.load_state_dict(model.to_torch_state_dict())
    print(say("there:", "lá:   "), {name: tuple(p.shape) for name, p in net.named_parameters()})

# %% [markdown] lang="en"
# ## The same numbers
#
# Now we compare: first the answers and the loss, then every single gradient. We print the largest difference that there
# is anywhere.
# %% [markdown] lang="pt"
# ## Os mesmos números
#
# Agora comparamos: primeiro as respostas e a perda, depois cada gradiente. Imprimimos a maior diferença que existe em
# qualquer lugar.

# %%
loss = tg.nn.cross_entropy(model(x), y)
loss.backward()
print(say("loss here: ", "perda aqui:"), loss.item())

if torch:
    answers = net(torch.tensor(x))
    its_loss = torch.nn.functional.cross_entropy(answers, torch.tensor(y))
    its_loss.backward()
    print(say("loss there:", "perda lá:  "), its_loss.item())

    differences = [abs(loss.item() - its_loss.item())]
    differences.append(np.abs(model(x).data - answers.detach().numpy()).max())
    for ours, theirs in zip(model.parameters(), net.parameters()):
        differences.append(np.abs(ours.grad - theirs.grad.numpy().T).max())
    print(say("largest difference:", "maior diferença:"), max(differences))
    assert max(differences) < 1e-12

# %% [markdown] lang="en"
# They agree to the last digit or two that a computer keeps. Backpropagation is backpropagation, whoever writes it.
#
# And after a hundred steps of training? Once with 16 digits (*float64*, as NumPy computes), once with 7 (*float32*, as
# PyTorch does unless told otherwise).
# %% [markdown] lang="pt"
# Concordam até o último ou penúltimo dígito que o computador guarda. Retropropagação é retropropagação, não importa
# quem a escreve.
#
# E depois de cem passos de treino? Uma vez com 16 dígitos (*float64*, como o NumPy calcula), outra com 7 (*float32*,
# como faz o PyTorch se ninguém pedir outra coisa).

# %%
for dtype, allowed in ((np.float64, 1e-12), (np.float32, 1e-6)):
    model = tg.nn.MLP(64, [32, 10], activation="relu", seed=0, dtype=dtype)
    if torch:
        net = network_there().to(torch.float64 if dtype is np.float64 else torch.float32)
        net.load_state_dict(model.to_torch_state_dict())
        there = train_there(net, x.astype(dtype), y)
    here = train_here(model, x.astype(dtype), y)
    print(np.dtype(dtype).name, say("loss:", "perda:"), here[0], "->", here[-1])
    assert here[-1] < 0.1
    if torch:
        difference = np.abs(np.array(here) - there).max()
        print(say("  largest difference in 100 steps:", "  maior diferença em 100 passos:"), f"{difference:.1e}")
        assert difference < allowed

# %% [markdown] lang="en"
# **A question for you.** Why are the two not *exactly* equal, down to the last bit?
#
# A computer rounds after every addition, and the two add up in a different order. (0.1 + 0.2) + 0.3 is not 0.1 + (0.2 +
# 0.3), try it! Neither of them is wrong.
# %% [markdown] lang="pt"
# **Uma pergunta para você.** Por que os dois não são *exatamente* iguais, até o último bit?
#
# O computador arredonda depois de cada soma, e os dois somam em ordens diferentes. (0.1 + 0.2) + 0.3 não é 0.1 + (0.2 +
# 0.3), experimente! Nenhum dos dois está errado.

# %%
print((0.1 + 0.2) + 0.3, 0.1 + (0.2 + 0.3))
assert (0.1 + 0.2) + 0.3 != 0.1 + (0.2 + 0.3)

# %% [markdown] lang="en"
# ## What you know now
#
# Let us look back. A **neuron** weighs its inputs, adds its **bias** and fires. **Layers** of neurons make a
# **network**. A **loss** says how wrong it is. **Derivatives** tell every weight which way to go; **backpropagation**
# finds them all in one walk back. **Gradient descent** takes small steps until the loss **converges**. And then the
# network has learned, if it also does well on what it has not seen.
#
# That is all. The large networks that write texts and paint pictures are made of the same parts; there are only more of
# them.
#
# Where to go on:
#
# - build something of your own, with data that interest *you*;
# - read the code of this library: `engine.py` and `value.py` are small enough for one evening, and you know what must
#   be in there;
# - take a course on PyTorch. You will be the one who understands what happens.
#
# Have fun!
# %% [markdown] lang="pt"
# ## O que você sabe agora
#
# Vamos olhar para trás. Um **neurônio** pesa as suas entradas, soma o seu **viés** e dispara. **Camadas** de neurônios
# formam uma **rede**. Uma **perda** diz o quanto ela errou. As **derivadas** dizem a cada peso para que lado ir; a
# **retropropagação** encontra todas em uma só caminhada de volta. O **gradiente descendente** dá passos pequenos até a
# **convergência** da perda. E então a rede aprendeu, se também se sai bem com o que não viu.
#
# É só isso. As grandes redes que escrevem textos e pintam quadros são feitas das mesmas peças; só que são muito mais
# peças.
#
# Para continuar:
#
# - construa alguma coisa sua, com dados que interessem a *você*;
# - leia o código desta biblioteca: `engine.py` e `value.py` cabem em uma noite, e você sabe o que tem de haver ali;
# - faça um curso de PyTorch. Você vai ser quem entende o que está acontecendo.
#
# Divirta-se!
